"""Durable background work: job documents that workers lease, run step by step and finish exactly once."""
