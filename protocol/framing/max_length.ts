import { checkBound } from "../../internal/validation.ts";

/**
 * Sets the limit of a decoder to `MAX_LENGTH` of its receiver, which may have changed.
 *
 * @param decoder The decoder.
 * @param receiver The protocol that the decoder belongs to.
 * @throws {RangeError | TypeError} when `MAX_LENGTH` is negative or not an integer.
 */
export function useMaxLength(
  decoder: { maxLength: number },
  receiver: { readonly MAX_LENGTH: number },
): void {
  const { MAX_LENGTH } = receiver;
  if (decoder.maxLength === MAX_LENGTH) return;
  checkBound(`MAX_LENGTH of ${receiver.constructor.name}`, MAX_LENGTH, 0);
  decoder.maxLength = MAX_LENGTH;
}
