"""The durable state other than records: topics, committed offsets, producer ids and transactions, in one
journal.
"""
