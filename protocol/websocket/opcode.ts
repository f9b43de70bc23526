/** The opcodes of frames (RFC 6455, section 5.2). Those from 8 on are of control frames. */
export const Opcode = {
  CONTINUATION: 0,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
} as const;

/** The greatest length of the payload of a control frame, in bytes. */
export const MAX_CONTROL_LENGTH = 125;
