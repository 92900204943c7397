/** The table of kubectl cases against a real kube-apiserver: what it answers is what the embedded one must answer. */
import { apiCaseTests } from '../support/api-case-tests.ts'
import { describeWithRealApi, startRealApi } from '../support/real-api.ts'

describeWithRealApi('kubectl against a real API server', ['kubectl'], () => apiCaseTests(startRealApi, true))
