/** How spans become segments, as users choose it. The names are those of the collector's exporter. */
export interface ConversionChoice {
  /** Attributes that become annotations; `otel.resource.KEY` for those of the resource. */
  readonly indexedAttributes: readonly string[];
  readonly indexAllAttributes: boolean;
  /** CloudWatch log groups of resources that name none. */
  readonly awsLogGroups: readonly string[];
  /**
   * Whether a span whose `flags` say that its parent is remote is the local root of its service, although it is no
   * SERVER or CONSUMER.
   */
  readonly remoteParentIsLocalRoot: boolean;
}
