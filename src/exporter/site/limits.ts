/** Bounds of a site's folder of resources, and what each protects. */

/** Files that are read. Protects memory, and the time of each look. */
export const SITE_MAX_FILES = 256

/** Bytes of one file. */
export const SITE_MAX_FILE_BYTES = 1 << 20

/** Objects of one file. */
export const SITE_MAX_OBJECTS = 4_096

/** Files are looked at again at least so often, milliseconds: not every file system tells of changes. */
export const SITE_LOOK_MS = 2_000

/** After a file system's hint, milliseconds: several files are often written at once. */
export const SITE_HINT_MS = 100
