"""What every client must do alike, in whatever language: vectors, and the real grid."""
