"""Evidence exports: one signed zip that proves itself."""
