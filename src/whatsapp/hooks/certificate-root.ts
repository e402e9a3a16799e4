import { WA_CERT_DETAILS } from '@whiskeysockets/baileys'
import { GatewayError } from '../../session/errors.ts'

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])

/**
 * Trusts another certificate root than WhatsApp's: the simulator's. Only for a web socket on this
 * machine, so that no configuration can make the gateway trust an impostor on the network.
 */
export function trustCertificateRoot(rootHex: string, url: string): void {
  if (!LOOPBACK.has(new URL(url).hostname)) {
    throw new GatewayError({
      code: 'config.invalid',
      subject: 'WA_GATEWAY_WHATSAPP_ROOT',
      message: 'WA_GATEWAY_WHATSAPP_ROOT is only taken with a web socket on this machine',
      hint: 'unset WA_GATEWAY_WHATSAPP_ROOT, or set WA_GATEWAY_WHATSAPP_URL to the simulator',
    })
  }
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(rootHex, 'hex')
}
