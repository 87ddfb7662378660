"""What must survive besides records: topics, committed offsets, producer ids, transactions, in one
journal.
"""
