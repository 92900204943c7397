// Adds up jest's own reports and prints the one closing line; a failed step that no report counted counts as one failure.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, stepsFailed] = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
for (const name of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  total.passed += report.numPassedTests
  total.failed += report.numFailedTests + report.numRuntimeErrorTestSuites
  total.skipped += report.numPendingTests + report.numTodoTests
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults)
      if (test.status === 'failed') console.log(`failed: ${test.fullName}`)
  }
}
if (Number(stepsFailed) > 0 && total.failed === 0) total.failed = Number(stepsFailed)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)
