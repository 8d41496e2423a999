import { type DynamicModule, Module } from '@nestjs/common';
import { ExtensionModule, extensionPoint } from '#libs/extension';
import { ModerationModule } from '#libs/moderation';
import { CHAT_OPTIONS, type ChatOptions } from './chat.options.js';
import { ChatService } from './chat.service.js';
import { ChatDelivery } from './chat-delivery.js';
import { ChatModerator, PassingModerator } from './chat-moderator.js';
import { ChatStore } from './chat-store.js';

/** Needs `RedisModule`, `TelemetryModule` and `RoomStoreModule`, and Nest's `ScheduleModule` at a gateway. */
@Module({})
export class ChatModule {
  /** The part of a lobby: it checks, moderates and stores messages. */
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

  /** The part of a gateway: it delivers messages. The application marks a provider with `@Extension(ChatAudience)`. */
  static forGateway(options: ChatOptions): DynamicModule {
    return {
      module: ChatModule,
      imports: [ExtensionModule],
      providers: [{ provide: CHAT_OPTIONS, useValue: options }, ChatStore, ChatDelivery],
      exports: [ChatDelivery],
    };
  }
}
