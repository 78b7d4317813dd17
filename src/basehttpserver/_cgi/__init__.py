"""CGI scripts (RFC 3875): what they are told, how they run, and what they answer."""
