/**
 * metav1.MicroTime: exactly six digits of a second, or the API server answers 400.
 */

/** `2024-05-01T10:00:00.123000Z` of milliseconds since 1970. */
export function microTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`
}
