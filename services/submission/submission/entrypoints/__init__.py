"""Where the outside comes in: HTTP requests and consumed events. They translate and decide nothing."""
