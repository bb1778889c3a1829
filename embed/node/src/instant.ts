// Instants, to the microsecond.
//
// `Date` counts milliseconds. Merge's instants have microseconds, and a watermark cut to
// milliseconds asks for records twice or, rounded up, never. So an instant is its RFC 3339 text:
// it survives JSON and a `timestamptz` column as it is. The calendar is `Date`'s.

import { expected } from "./check.js";
import { InputError } from "./errors.js";

declare const brand: unique symbol;

/**
 * An instant in UTC: RFC 3339 with `Z` and six fraction digits, or none where they are zero, for
 * example `2025-11-27T10:39:49.905833Z`.
 *
 * Texts of different precision do not sort by time: use {@link compareInstants}.
 */
export type Instant = string & { readonly [brand]: "Instant" };

/** What is taken for an instant: a text with its zone, or a `Date`. */
export type InstantLike = Instant | Date | (string & {});

/** 0001-01-01T00:00:00Z. */
const FIRST = -62_135_596_800_000_000n;
/** 9999-12-31T23:59:59.999999Z. */
const LAST = 253_402_300_799_999_999n;

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => number.toString().padStart(2, "0"));

const SHAPE =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)([0-5]\d|60)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))?$/;

/**
 * Reads an instant: RFC 3339, also with a space for the `T` or without the colon of the offset.
 * Digits past the microsecond are cut off, and second 60 is read as 59.999999.
 *
 * @throws {@link InputError} for anything that is no instant, and for a text without a zone.
 */
export function instant(value: InstantLike): Instant {
  return printed(microseconds(value, "instant"));
}

/** The instant as a `Date`, which counts milliseconds: the rest is cut off. */
export function toDate(value: InstantLike): Date {
  return new Date(Number(floorDivide(microseconds(value, "instant"), 1_000n)));
}

/** Negative where `left` is earlier, positive where it is later: for `sort`. */
export function compareInstants(left: InstantLike, right: InstantLike): number {
  const difference = microseconds(left, "left") - microseconds(right, "right");
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Microseconds since 1970-01-01T00:00:00Z. */
export function toEpochMicroseconds(value: InstantLike): bigint {
  return microseconds(value, "instant");
}

/**
 * The instant so many microseconds after 1970-01-01T00:00:00Z.
 *
 * @throws {@link InputError} outside the years 0001 to 9999.
 */
export function fromEpochMicroseconds(value: bigint): Instant {
  if (typeof value !== "bigint") throw expected("a bigint", value, "instant");
  return printed(within(value, "instant"));
}

/** Microseconds since 1970 of an argument. */
export function microseconds(value: unknown, field: string): bigint {
  if (value instanceof Date) {
    const milliseconds = value.getTime();
    if (Number.isNaN(milliseconds)) throw new InputError(field, "an invalid Date is no instant");
    return within(BigInt(milliseconds) * 1_000n, field);
  }
  if (typeof value !== "string") throw expected("an instant", value, field);
  const parts = SHAPE.exec(value);
  if (parts === null) throw notAnInstant(value, field);
  const [, date = "", minute = "", seconds = "", digits = "", sign, hours, minutes] = parts;
  // Second 60 has no place on a scale of equal seconds: it is the last instant of its minute.
  const [second, fraction] = seconds === "60" ? ["59", "999999"] : [seconds, digits];
  if (!/[Zz]$/.test(value) && sign === undefined) {
    throw new InputError(field, `\`${value}\` has no zone, expected \`Z\` or an offset`);
  }
  const utc = `${date}T${minute}${second}`;
  const milliseconds = Date.parse(`${utc}.000Z`);
  // `Date` reads the 30th of February as the 2nd of March: what it read must be what was written.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== `${utc}.000Z`) {
    throw notAnInstant(value, field);
  }
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * 60_000;
  const shifted = milliseconds - (sign === "-" ? -offset : offset);
  const rest = BigInt(fraction.slice(0, 6).padEnd(6, "0"));
  return within(BigInt(shifted) * 1_000n + rest, field);
}

/** Prints an instant of the component's, clamped as its own text form does. */
export function printed(microseconds: bigint): Instant {
  const clamped = microseconds < FIRST ? FIRST : microseconds > LAST ? LAST : microseconds;
  const [seconds, rest] = split(clamped);
  const at = new Date(seconds * 1_000);
  // Half as long as `toISOString`, and an event has one for each model.
  const year = at.getUTCFullYear().toString().padStart(4, "0");
  const date = `${year}-${twoDigits(at.getUTCMonth() + 1)}-${twoDigits(at.getUTCDate())}`;
  const [hours, minutes] = [twoDigits(at.getUTCHours()), twoDigits(at.getUTCMinutes())];
  const whole = `${date}T${hours}:${minutes}:${twoDigits(at.getUTCSeconds())}`;
  const text = rest === 0 ? `${whole}Z` : `${whole}.${rest.toString().padStart(6, "0")}Z`;
  return text as Instant;
}

/** Whole seconds, rounded down, and the microseconds left over. */
function split(microseconds: bigint): [seconds: number, rest: number] {
  const number = Number(microseconds);
  if (Number.isSafeInteger(number)) {
    // Exact until 2255, and many times as fast as a bigint's division.
    const rest = ((number % 1_000_000) + 1_000_000) % 1_000_000;
    return [(number - rest) / 1_000_000, rest];
  }
  const seconds = floorDivide(microseconds, 1_000_000n);
  return [Number(seconds), Number(microseconds - seconds * 1_000_000n)];
}

function twoDigits(number: number): string {
  return TWO_DIGITS[number] ?? "";
}

function notAnInstant(value: string, field: string): InputError {
  const shown = value.length > 40 ? `${value.slice(0, 40).toWellFormed()}…` : value.toWellFormed();
  return new InputError(field, `\`${shown}\` is not an RFC 3339 instant`);
}

function within(microseconds: bigint, field: string): bigint {
  if (microseconds < FIRST || microseconds > LAST) {
    throw new InputError(field, "an instant outside the years 0001 to 9999");
  }
  return microseconds;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value < 0n && quotient * by !== value ? quotient - 1n : quotient;
}
