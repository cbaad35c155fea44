"""Installs, starts and supervises the real Kafka, registry and Triton of a grid on one machine."""
