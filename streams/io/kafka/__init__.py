"""The log on a real Kafka, through librdkafka."""
