"""Records on disk: batches, segments, their indexes, producers' sequences, retention and compaction.

It knows offsets and bytes; it must never know clients, groups or network connections.
"""
