/** Every figure the benchmark gives: its key, how it is called, and what DESIGN section 12 asks of it. */
import { OPEN_LOOP_RATE } from './rows/datagrams.ts'
import { WORK_CONNECTIONS } from './rows/memory.ts'

/** What is to be reached: by itself, or as a multiple of a competitor's median. */
export interface Target {
  readonly than?: string
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Measure {
  readonly key: string
  readonly label: string
  readonly target?: Target
}

/** The figures in the order of the table. `flows`: the numbers of idle flows. */
export function measures(flows: readonly number[]): Measure[] {
  return [
    ...bulk(1, 'one bulk stream'),
    ...bulk(8, '8 bulk streams'),
    { key: 'ping-pong-1 p50 us', label: 'one ping-pong, p50 us', target: { than: 'nginx', atMost: 1.1 } },
    { key: 'ping-pong-1 p99 us', label: '- p99 us' },
    {
      key: 'ping-pong-64 r/s',
      label: '64 ping-pongs, requests/s',
      target: { than: 'haproxy', atLeast: 1.3 },
    },
    { key: 'ping-pong-64 p50 us', label: '- p50 us' },
    { key: 'ping-pong-64 p99 us', label: '- p99 us', target: { than: 'haproxy', atMost: 0.8 } },
    { key: 'ping-pong-64 cpu us/r', label: '- CPU us/request' },
    {
      key: 'churn conns/s',
      label: 'new connections/s, 16 at once',
      target: { than: 'haproxy', atLeast: 3.5 },
    },
    { key: 'churn cpu us/conn', label: '- CPU us/connection' },
    {
      key: 'wrk-churn conns/s',
      label: 'new connections/s, 16 at once, by wrk',
      target: { than: 'haproxy', atLeast: 3.5 },
    },
    { key: 'wrk-churn cpu us/conn', label: '- CPU us/connection' },
    { key: 'wrk r/s', label: 'wrk, 32 connections, requests/s', target: { than: 'nginx', atLeast: 1.15 } },
    { key: 'wrk p99 us', label: '- p99 us' },
    { key: 'wrk cpu us/r', label: '- CPU us/request' },
    { key: 'long-path Mbit/s', label: 'bulk, 100 ms round trip, Mbit/s', target: { atLeast: 500 } },
    { key: 'beside-bulk p50 us', label: 'ping-pong beside bulk, p50 us' },
    { key: 'beside-bulk p99 us', label: '- p99 us' },
    ...datagrams(64),
    ...datagrams(1200),
    { key: 'idle MB', label: 'memory of an idle relay, MB' },
    { key: 'worked MB', label: `- after ${WORK_CONNECTIONS.toLocaleString('en')} connections, MB` },
    ...flows.map((count, index) => ({
      key: `kB/flow ${count}`,
      label: `- kB more per flow, ${count.toLocaleString('en')} idle flows`,
      ...(index === 0 ? { target: { atMost: 12 } } : {}),
    })),
  ]
}

function bulk(streams: number, label: string): Measure[] {
  return [
    { key: `bulk-${streams} MB/s`, label: `${label}, MB/s`, target: { than: 'nginx', atLeast: 1.1 } },
    { key: `bulk-${streams} cpu s/GB`, label: '- CPU s/GB', target: { than: 'nginx', atMost: 0.9 } },
  ]
}

function datagrams(bytes: number): Measure[] {
  const key = `datagrams-${bytes}`
  return [
    { key: `${key} per s`, label: `datagrams of ${bytes} bytes, there and back, 1/s` },
    { key: `${key} loss %`, label: `- lost at ${OPEN_LOOP_RATE.toLocaleString('en')}/s, %` },
    { key: `${key} cpu us`, label: '- CPU us/datagram' },
  ]
}
