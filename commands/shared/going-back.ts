/** What a person should know before a session goes back in time (facts of the Signal protocol). */
export const GOING_BACK = `What going back breaks: messages that came after the backup was made cannot be decrypted again,
and contacts may see "waiting for this message" until they have written once more. The state that
is replaced becomes a backup itself where it can still be read, so it can be undone.`
