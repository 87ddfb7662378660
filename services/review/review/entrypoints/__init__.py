"""Where work enters: HTTP requests and consumed events. They translate and call the application, no more."""
