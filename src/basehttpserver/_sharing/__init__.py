"""What SharingHTTPRequestHandler is made of."""
