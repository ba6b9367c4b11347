/** URLs in messages, which are logged: a query can be a signature. */

/** Maximum length of the name of a file in messages, in UTF-16 units. */
const MAX_NAME = 200;

/** The name of a file in messages: of a URL without user, query and fragment, cut. */
export function nameOfUrl(url: string | URL): string {
  // The slash makes a path of a relative URL.
  return withoutSecrets(`/${String(url)}`).slice(1, MAX_NAME + 1);
}

/** A text without users, queries and fragments of the URLs and paths in it. */
export function withoutSecrets(text: string): string {
  return text.replace(/:\/\/[^\s/"]*@/g, "://").replace(/(\/[^\s?#"]*)[?#][^\s"]*/g, "$1");
}
