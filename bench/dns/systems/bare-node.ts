/** What a UDP socket of Node costs by itself. */
import { join } from 'node:path'
import type { Resolver } from '../resolver.ts'

/** One process that gives each question back as an answer without records. */
export const bareNode: Resolver = {
  name: 'bare node',
  answers: false,
  start: ({ children }) => children.node(join(import.meta.dirname, '../bare-process.ts'), {}),
}
