/** What a person should know before a session goes back in time (facts of the Signal protocol). */
export const GOING_BACK = `What going back breaks: what was received since cannot be decrypted again. A contact who only wrote, or
only got messages, since then is heard again after one message that could not be read. With one who did
both, messages fail in both directions until a new session is made, which takes a message that could not
be read and the answer to it. The state that is replaced becomes a backup itself where it can still be
read, and \`backup restore --undo\` brings it back.`
