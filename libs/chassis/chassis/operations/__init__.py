"""What an operator sees and does of one service: the worker reports and replays, the API shows and asks.
Between them is the service's own database, for a web process has no Kafka client.
"""
