/** The option every lab command has. */
import { Option } from 'commander'

/** `--state DIR`. */
export function stateOption(): Option {
  return new Option('--state <dir>', 'folder that holds the state of the lab').default('.lab')
}
