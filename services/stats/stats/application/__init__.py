"""Use cases over ports: a request, a consumed event and an operator's command each end in one of these."""
