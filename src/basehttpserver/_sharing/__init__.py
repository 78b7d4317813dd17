"""What SharingHTTPRequestHandler is made of. It knows no socket and no handler."""
