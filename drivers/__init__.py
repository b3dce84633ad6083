"""Device drivers: bytes on one side, small immutable events on the other. Callers rely on `drivers.api` alone."""
