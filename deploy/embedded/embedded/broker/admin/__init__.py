"""What administrators and clients ask about the cluster, its topics, settings and offsets, and change
there.
"""
