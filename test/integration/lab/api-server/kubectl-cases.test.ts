/** The table of kubectl cases against the embedded server. */
import { apiCaseTests } from '../../../support/api-case-tests.ts'
import { startKubeApi } from '../../../support/kube-api.ts'
import { describeWith } from '../../../support/missing.ts'

describeWith(['kubectl'], 'kubectl', () => apiCaseTests(startKubeApi, false))
