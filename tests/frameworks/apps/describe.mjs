/**
 * What an app shows: its state as JSON, in one element. `sage` and the two lists are the results of
 * the hooks, composables or stores.
 */
export function describe({ user, sage, interests, picks }) {
  const { error: sageError, isLoading: isOpening } = sage;
  return JSON.stringify({
    user,
    isOpening,
    sageError: sageError?.message,
    interests: interests.data.map(({ medoid }) => medoid),
    isReading: interests.isLoading,
    picks: picks.data.map(({ item }) => item),
    isLoading: picks.isLoading,
    error: picks.error?.message,
  });
}
