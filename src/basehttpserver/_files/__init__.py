"""What the file server is made of: folders, files, pages. It knows no socket and no handler."""
