/** A vector in one CSV cell. */
import { inspect } from "../../values/check.js";
import { parseDecimal } from "./number.js";

/** A decimal number with a comma, as in 0,25, or an integer. */
const DECIMAL_COMMA = /^[+-]?\d+(?:,\d+(?:e[+-]?\d+)?)?$/i;
/** A leading zero, as in 007: no program writes such a number; 0,001 split at its comma has one. */
const LEADING_ZERO = /^[+-]?0\d/;

/** The components, or why the cell is not a vector. */
export type ParsedVector = { readonly values: number[] } | { readonly problem: string };

/**
 * The numbers of a cell, separated by commas, by semicolons or by white space, with or without
 * brackets. A cell that mixes separators is a problem, except decimal commas between semicolons or
 * white space in a file whose cells may have them (`decimalComma`).
 */
export function parseVectorCell(cell: string, decimalComma: boolean): ParsedVector {
  const trimmedCell = cell.trim();
  const isInBrackets = /^[[({]/.test(trimmedCell) && /[\])}]$/.test(trimmedCell);
  const list = isInBrackets ? trimmedCell.slice(1, -1).trim() : trimmedCell;
  if (list === "") return { values: [] };
  const separators = separatorsOf(list);
  if (separators.length > 1 || (separators[0] === "commas" && !isInBrackets && decimalComma)) {
    const parts = list.split(/[;\s]+/);
    if (decimalComma && parts.every((part) => DECIMAL_COMMA.test(part))) {
      // Without brackets or other separators, 1,5 is ambiguous: one decimal number or two integers.
      if (parts.length === 1 && separators[0] === "commas" && parts[0]!.split(",").length === 2)
        return {
          problem:
            `the commas in ${inspect(cell)} separate numbers or decimals. ` +
            "Write the vector in brackets, as in [1,5], or its numbers with spaces between them",
        };
      return { values: parts.map((part) => Number(part.replace(",", "."))) };
    }
    if (separators.length > 1)
      return {
        problem:
          `the numbers in ${inspect(cell)} are separated by ${separators.join(" and by ")}. ` +
          "Expected one separator, and points as decimal signs",
      };
    if (!list.includes(".") && !list.split(",").includes(""))
      return {
        problem:
          `the commas in ${inspect(cell)} separate numbers or decimals. ` +
          "Write the vector in brackets, as in [1,5,2], or its numbers with spaces between them",
      };
  }
  const parts = list.split(separators[0] === "white space" ? /\s+/ : /\s*[,;]\s*/);
  const values = parts.map((part) => (LEADING_ZERO.test(part) ? NaN : parseDecimal(part)));
  const index = values.findIndex(Number.isNaN);
  return index < 0
    ? { values }
    : { problem: `component ${index} of the vector is not a number, saw ${inspect(cell)}` };
}

/** The kinds of separators between the numbers; white space next to a comma is none. */
function separatorsOf(list: string): string[] {
  const compactList = list.replace(/\s*([,;])\s*/g, "$1");
  return [
    ...(compactList.includes(",") ? ["commas"] : []),
    ...(compactList.includes(";") ? ["semicolons"] : []),
    ...(/\s/.test(compactList) ? ["white space"] : []),
  ];
}
