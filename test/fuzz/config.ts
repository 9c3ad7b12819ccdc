/** What every fuzzer takes. */
export interface FuzzConfig {
  readonly durationMs: number;
  readonly seed: number;
  readonly command?: readonly string[];
  /** Called about every ten seconds. */
  readonly onProgress?: (line: string) => void;
}
