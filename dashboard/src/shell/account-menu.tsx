import { Button, Menu, useMantineColorScheme } from '@mantine/core';
import { useSession } from '../session/session.js';

const SCHEMES = [
  ['auto', 'Colors of the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const;

/** The menu with the choice of colors, the API documentation and the logout. Its button shows the name and the role of the token. */
export function AccountMenu() {
  const { name, role, gateway, logOut } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  return (
    <Menu>
      <Menu.Target>
        <Button variant="subtle" color="gray" className="account">
          {name} <span className="role">{role}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Answers come from {gateway}</Menu.Label>
        <Menu.Divider />
        {SCHEMES.map(([scheme, title]) => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            rightSection={colorScheme === scheme ? <span aria-hidden="true">✓</span> : undefined}
            aria-current={colorScheme === scheme || undefined}
          >
            {title}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component="a" href="./api/docs" target="_blank" rel="noreferrer">
          Admin API
        </Menu.Item>
        <Menu.Item onClick={logOut}>Log out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
