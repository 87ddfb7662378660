"""Consumer groups of the classic protocol: who is in a group, who gets what, and the offsets they
committed.
"""
