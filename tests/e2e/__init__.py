"""The real product: processes, sockets and Chromium. A package, so that what is started ends with its last test."""
