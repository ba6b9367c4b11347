/** Validation of the arguments of handlers of requests. */
import { unexpected } from "../values/check.js";

/** Throws code "option" unless `value` is a list of strings. */
export function checkOrigins(where: string, value: unknown): void {
  if (!Array.isArray(value) || !Array.from(value).every((origin) => typeof origin === "string"))
    throw unexpected(`${where}: origins`, "a list of strings", value);
}

/** Throws code "option" unless `value` is a Request, of any realm. */
export function checkRequest(where: string, value: unknown): void {
  const request = value as Partial<Request> | null | undefined;
  if (typeof request?.method !== "string" || typeof request.headers?.get !== "function")
    throw unexpected(where, "a Request", value);
}
