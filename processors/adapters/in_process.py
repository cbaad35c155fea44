"""The models of `triton_models/` inside this process, where no Triton can run."""
