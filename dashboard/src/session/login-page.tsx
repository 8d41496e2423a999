import { Button, PasswordInput } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { storedToken } from '../api/token.js';
import { Brand } from '../shell/brand.js';

interface LoginPageProps {
  readonly refusal: string | null;
  readonly onToken: (token: string) => Promise<void>;
}

export function LoginPage({ refusal, onToken }: LoginPageProps) {
  const [token, setToken] = useState(storedToken);
  const [isChecking, setIsChecking] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · Holdfast';
  }, []);
  const signIn = async (event: FormEvent) => {
    event.preventDefault();
    setIsChecking(true);
    await onToken(token.trim());
    setIsChecking(false);
  };
  return (
    <main className="login">
      <form className="card" onSubmit={signIn}>
        <h1>
          <Brand />
        </h1>
        <PasswordInput
          label="Admin token"
          description="ADMIN_TOKEN of the fleet, or VIEWER_TOKEN to read only. This tab keeps it until it closes."
          autoComplete="current-password"
          required
          withAsterisk={false}
          size="sm"
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the token', tabIndex: 0 }}
        />
        <p className="refusal" role="alert">
          {refusal}
        </p>
        <Button type="submit" size="sm" fullWidth loading={isChecking}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
