/**
 * Which of the clusters that export a service its clients rather go to, by the properties of clusters (KEP-5939). Pure.
 * Travels in records: untrusted when received.
 */

/** A requirement of a label selector, on a ClusterProperty. */
export interface PropertyRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  /** Only with In and NotIn. */
  readonly values?: readonly string[]
}

/** A label selector over ClusterProperties; all of it has to hold, and an empty one is true of every cluster. */
export interface ClusterSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly PropertyRequirement[]
}

/** ClusterProperties of one cluster: value by name. */
export type ClusterProperties = Readonly<Record<string, string>>

/** In the place of a value: that of the importing cluster. Where it has none, the value stands for nothing. */
export const SAME_AS_IMPORTER = '@SameAsImporter@'

/** Lower is better; clusters of one rank are alike. */
export type RankOf = (cluster: string) => number

/**
 * The place of the first selector that is true of a cluster; that of all others comes after the last. Undefined when
 * there is no selector. `self` is the importing cluster.
 */
export function rankBySelectors(
  selectors: readonly ClusterSelector[] | undefined,
  propertiesOf: (cluster: string) => ClusterProperties | undefined,
  self: string,
): RankOf | undefined {
  if (selectors === undefined || selectors.length === 0) return undefined
  const importer = propertiesOf(self) ?? {}
  return (cluster) => {
    const properties = propertiesOf(cluster) ?? {}
    const place = selectors.findIndex((selector) => isSelected(selector, properties, importer))
    return place === -1 ? selectors.length : place
  }
}

/** True when everything the selector says holds (Kubernetes' rules of label selectors). */
export function isSelected(
  { matchLabels = {}, matchExpressions = [] }: ClusterSelector,
  properties: ClusterProperties,
  importer: ClusterProperties,
): boolean {
  const equal = Object.entries(matchLabels).map(
    ([key, value]): PropertyRequirement => ({ key, operator: 'In', values: [value] }),
  )
  return [...equal, ...matchExpressions].every((requirement) => holds(requirement, properties, importer))
}

function holds(
  { key, operator, values = [] }: PropertyRequirement,
  properties: ClusterProperties,
  importer: ClusterProperties,
): boolean {
  const value = own(properties, key)
  switch (operator) {
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'In':
      return value !== undefined && names(values, key, importer).includes(value)
    case 'NotIn':
      return value === undefined || !names(values, key, importer).includes(value)
  }
}

function names(values: readonly string[], key: string, importer: ClusterProperties): string[] {
  const meant = values.map((value) => (value === SAME_AS_IMPORTER ? own(importer, key) : value))
  return meant.filter((value) => value !== undefined)
}

/** Not what every object has, such as `constructor`. */
function own(properties: ClusterProperties, key: string): string | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : undefined
}
