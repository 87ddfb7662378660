"""The use cases, over ports. A request and a consumed event both end in one of these."""
