/**
 * Decisions for a product that uses Merge's Unified API: is this webhook Merge's, may the product use
 * this account's data yet, which records are new, and when to ask again.
 *
 * <p>{@link dev.mergesync.MergeSync} is where to start. The types and functions have the names of the
 * contract, the WIT package {@code merge-sync:triggers}.
 *
 * <p>Instants are UTC and in microseconds: what is finer is floored, and years outside 0001 to 9999
 * are refused. Spans are in milliseconds: what is finer is cut off, and negative ones are refused.
 */
package dev.mergesync;
