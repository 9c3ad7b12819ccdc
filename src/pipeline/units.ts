/**
 * One MB, in options, log lines and documentation. Source: the reference daemon's TotalBufferSizeMB, and MiB of
 * Kubernetes.
 */
export const MB = 1024 * 1024;
