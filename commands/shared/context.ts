import type { Writable } from 'node:stream'
import type { Command } from 'commander'

/** What a command may know of the process around it; tests make their own. */
export interface Context {
  stdout: { write(text: string): unknown }
  stderr: Writable & { isTTY?: boolean }
  stdin: NodeJS.ReadableStream
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  /** Aborts, with a GatewayError as its reason, when the person presses Ctrl-C. */
  readonly signal: AbortSignal
  /** Whether a person sees stdout. */
  isTTY: boolean
  /** Whether a person can be asked. */
  canAsk: boolean
  /** The terminal's size in characters; undefined where there is no terminal. */
  columns: number | undefined
  rows: number | undefined
  /** The terminal at which a person sees and types, for what takes all of it. */
  screen?: { stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream }
  version: string
}

/** Adds arguments, options, help and the action to a command that was chosen. */
export type Define = (command: Command, context: Context) => void

/** The options that every command has. */
export interface CommonOptions {
  socket?: string
  config?: string
  json?: boolean
  color?: boolean
  /** Seconds. */
  timeout?: number
}
