"""Object stores, a model registry and a cluster, each of them real: `make sources` runs these."""
