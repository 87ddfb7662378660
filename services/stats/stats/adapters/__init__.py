"""MongoDB documents and Kafka records to the domain and back."""
