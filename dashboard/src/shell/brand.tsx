/** The name of the product with its sign. */
export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
        <path
          d="M12 2 3 6v6c0 5 4 8.500 9 10 5-1.500 9-5 9-10V6Z"
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          strokeLinejoin="round"
        />
        <path d="M8.500 8v8M15.500 8v8M8.500 12h7" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
      </svg>
      Holdfast
    </span>
  );
}
