import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule, extensionPoint } from '#libs/extension';
import { ModerationModule } from '#libs/moderation';
import { CHAT_OPTIONS, type ChatOptions } from './chat.options.js';
import { ChatService } from './chat.service.js';
import { ChatDelivery } from './chat-delivery.js';
import { ChatModerator, PassingModerator } from './chat-moderator.js';
import { ChatStore } from './chat-store.js';

/** Requires `RedisModule`, `TelemetryModule` and `RoomStoreModule`. At a gateway, also requires Nest's `ScheduleModule`. */
@Module({})
export class ChatModule {
  /** Returns the module for lobbies, which check, moderate and store messages. */
  static forLobby(options: ChatOptions): DynamicModule {
    return {
      module: ChatModule,
      imports: [ExtensionModule, ModerationModule],
      providers: [
        { provide: CHAT_OPTIONS, useValue: options },
        ChatStore,
        PassingModerator,
        ...extensionPoint(ChatModerator, { useExisting: PassingModerator }),
        ChatService,
      ],
      exports: [ChatService],
    };
  }

  /** Returns the module for gateways, which deliver messages. The application marks a provider with `@Extension(ChatAudience)`. */
  static forGateway(options: ChatOptions): DynamicModule {
    return {
      module: ChatModule,
      imports: [ExtensionModule],
      providers: [{ provide: CHAT_OPTIONS, useValue: options }, ChatStore, ChatDelivery],
      exports: [ChatDelivery],
    };
  }
}
