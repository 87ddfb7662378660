"""The use cases of review over ports: a request and a consumed event both end in one of these."""
