/**
 * The errors that decoders throw for input that violates a format.
 *
 * @module
 */

/** Thrown when received bytes violate a format. Its subclasses say how. */
export class FramingError extends Error {
  /** The error's name. */
  override readonly name: string = "FramingError";
  /** Bytes between the beginning of the input and the violation. */
  readonly offset: number;

  /**
   * Creates the error.
   *
   * @param message The violation. The offset is added to it.
   * @param offset Bytes between the beginning of the input and the violation.
   */
  constructor(message: string, offset: number) {
    super(`${message} (at byte ${offset} of the input)`);
    this.offset = offset;
  }
}

/** Thrown when a frame is longer than the limit of its decoder. */
export class FrameTooLongError extends FramingError {
  /** The error's name. */
  override readonly name = "FrameTooLongError";
  /** The length of the frame in bytes, or of the part that has arrived. */
  readonly length: number;
  /** The limit in bytes. */
  readonly maxLength: number;

  /**
   * Creates the error.
   *
   * @param what The name of the frame, such as `line`.
   * @param length The length of the frame in bytes, or of the part that has arrived.
   * @param maxLength The limit in bytes.
   * @param offset Bytes between the beginning of the input and the frame.
   */
  constructor(what: string, length: number, maxLength: number, offset: number) {
    super(
      `Cannot receive a ${what} of ${length} bytes or more: the limit is ${maxLength}`,
      offset,
    );
    this.length = length;
    this.maxLength = maxLength;
  }
}

/** Thrown when the input ends within a frame. */
export class IncompleteFrameError extends FramingError {
  /** The error's name. */
  override readonly name = "IncompleteFrameError";
  /** The number of bytes of the incomplete frame. */
  readonly buffered: number;

  /**
   * Creates the error.
   *
   * @param what The name of the frame, such as `line`.
   * @param buffered The number of bytes of the incomplete frame.
   * @param offset Bytes between the beginning of the input and the incomplete frame.
   */
  constructor(what: string, buffered: number, offset: number) {
    super(`Cannot complete a ${what}: the input ends after ${buffered} of its bytes`, offset);
    this.buffered = buffered;
  }
}
