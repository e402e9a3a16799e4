/*
 * Among Baileys' keys a session's state also holds entries of the gateway itself. Their types begin
 * with this prefix, so that whatever hands keys to other programs can leave them out.
 */
const OWN = 'wa-gateway-'

/** Plaintexts of messages whose receipt may not have reached WhatsApp (src/whatsapp/hooks/memo.ts). */
export const MEMO_TYPE = `${OWN}memo`

/** From which values a session began that was moved in (src/authstate/adopted.ts). */
export const ADOPTED_TYPE = `${OWN}adopted`

/** True for entries that are the gateway's, not Baileys'. */
export function isOwnType(type: string): boolean {
  return type.startsWith(OWN)
}
