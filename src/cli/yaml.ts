/**
 * The YAML library, for `import()`: named exports of a CommonJS package do not survive a dynamic import in a bundle.
 */
export { parseAllDocuments, stringify } from 'yaml'
