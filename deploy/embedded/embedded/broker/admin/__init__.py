"""Requests that read or change the cluster, its topics, settings and offsets."""
